// Medians and percentiles, and rows of a table.

const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)];

export function summary(values) {
  if (!values.length) return ['-', '-', '-', '-'];
  const sorted = [...values].sort((a, b) => a - b);
  return [50, 90, 99, 100].map((p) => percentile(sorted, p).toFixed(1));
}

export const row = (name, cells) => name.padEnd(30) + cells.map((c) => String(c).padStart(12)).join('');
