// The stand-in page's few lines of life: a WebSocket to the gateway that shows whether it is up, and carries the chat.

const at = (id) => document.getElementById(id);
let socket;
let sent = 0;

function show(text, mine) {
  const line = document.createElement('div');
  line.className = mine ? 'said mine' : 'said';
  line.textContent = text;
  at('talk').append(line);
  line.scrollIntoView();
}

function lamp(up) {
  at('lamp').className = up ? 'up' : '';
  at('state').textContent = up ? 'connected' : 'reconnecting';
  at('send').disabled = !up;
}

function connect() {
  socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`);
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.event === 'connect.challenge') lamp(true);
    if (message.type === 'res') show(message.payload.text, false);
    if (message.type === 'error') at('state').textContent = message.error.code;
  };
  socket.onclose = () => {
    lamp(false);
    setTimeout(connect, 1000);
  };
}

at('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = at('input').value.trim();
  if (!text || socket.readyState !== WebSocket.OPEN) return;
  show(text, true);
  socket.send(JSON.stringify({ type: 'req', id: String(sent += 1), method: 'chat.send', params: { message: text } }));
  at('input').value = '';
});

connect();
