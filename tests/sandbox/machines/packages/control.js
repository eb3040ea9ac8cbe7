// The stand-in page's few lines of life: it lets itself in by what stands behind the # of its address, and carries the chat.
// As the real one it keeps the key of its browser where it may, and asks for a link again where it may not.

const at = (id) => document.getElementById(id);
const given = new URLSearchParams(location.hash.slice(1));
const origin = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`;
const FINAL = {
  AUTH_TOKEN_MISSING: 'This Gateway expects its token',
  AUTH_TOKEN_MISMATCH: 'Gateway secret rejected',
  AUTH_BOOTSTRAP_TOKEN_INVALID: 'Gateway secret rejected',
  AUTH_DEVICE_TOKEN_MISMATCH: 'Gateway secret rejected',
};
let socket;
let sent = 0;
let link = given.get('bootstrapToken');
const token = given.get('token');
const device = { id: crypto.randomUUID() };

try {
  Object.assign(device, JSON.parse(localStorage.getItem('device') ?? '{}'));
} catch { /* a browser that blocks third-party storage */ }

function keep(deviceToken) {
  try {
    localStorage.setItem('device', JSON.stringify({ id: device.id, token: deviceToken }));
    device.token = deviceToken;
  } catch { /* the gateway's token must do then */ }
}

function show(text, mine) {
  const line = document.createElement('div');
  line.className = mine ? 'said mine' : 'said';
  line.textContent = text;
  at('talk').append(line);
  line.scrollIntoView();
}

function lamp(state) {
  const up = state === 'connected';
  at('lamp').className = up ? 'up' : '';
  at('state').textContent = state;
  at('send').disabled = !up;
}

function auth() {
  if (link) return { bootstrapToken: link };
  if (device.token) return { deviceToken: device.token };
  return token ? { token } : {};
}

const ask = (id, method, params) => socket.send(JSON.stringify({ type: 'req', id, method, params }));

function greeted({ ok, payload, error }) {
  const code = error?.details?.code;
  if (ok) keep(payload.auth.deviceToken);
  link = null;
  lamp(ok ? 'connected' : FINAL[code] ?? (code === 'PAIRING_REQUIRED' ? 'Approve this browser' : error.message));
  return !(code in FINAL);
}

function connect() {
  let again = true;
  socket = new WebSocket(`${origin}/`);
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.event === 'connect.challenge') ask('connect', 'connect', { auth: auth(), device: { id: device.id } });
    else if (message.id === 'connect') again = greeted(message);
    else if (message.type === 'res') show(message.payload.text, false);
    else if (message.type === 'error') at('state').textContent = message.error.code;
  };
  socket.onclose = () => {
    if (!again) return;
    if (at('state').textContent === 'connected') lamp('reconnecting');
    setTimeout(connect, 1000);
  };
}

at('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = at('input').value.trim();
  if (!text || socket.readyState !== WebSocket.OPEN) return;
  show(text, true);
  ask(String(sent += 1), 'chat.send', { message: text });
  at('input').value = '';
});

history.replaceState(null, '', location.pathname + location.search);
if ((given.get('gatewayUrl') ?? origin) === origin) connect();
else lamp('Switch to a different Gateway?');
