// What an order costs and the bills written for it. Reading them is in me.js.

export const totalOf = (order) => order.lines.reduce((sum, line) => sum + line.plan.price, 0);

export function billFor(ovh, order, at, amount = totalOf(order)) {
  const id = `US${ovh.next.bill()}`;
  ovh.bills.set(id, { id, orderId: order.id, at, amount });
  return id;
}
