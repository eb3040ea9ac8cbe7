// The model behind OpenRouter, for machines that really chat: answers every message with the same few words and how many
// answers this key has had, streaming or not, and takes the money from the key that asked. A key with nothing left gets 402.

import { randomUUID } from 'node:crypto';
import { refuse } from './refusals.js';
import { remaining, spend } from './usage.js';

const PRICE_USD = 0.0001;
const words = (number) => `Hello from the sandbox, answer ${number}.`;
const MODELS = ['google/gemini-3-flash-preview', 'openrouter/auto'];

function streamed(answer, parts, usage) {
  const chunk = (delta, reason, more = {}) => `data: ${JSON.stringify({ ...answer, object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: reason }], ...more })}\n\n`;
  const text = [chunk({ role: 'assistant', content: '' }, null), ...parts.map((part) => chunk({ content: part }, null)),
    chunk({}, 'stop', { usage }), 'data: [DONE]\n\n'].join('');
  return { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }, text };
}

function complete(call, router) {
  const { model, messages, stream } = call.body;
  if (typeof model !== 'string' || !Array.isArray(messages) || messages.length === 0) return refuse(400);
  if (call.key) {
    if (remaining(call.key, router.clock.now()) === 0) return refuse(402, 'Insufficient credits');
    spend(call.key, PRICE_USD, router.clock.now());
    call.key.answers = (call.key.answers ?? 0) + 1;
  }
  const said = words(call.key?.answers ?? 0);
  const usage = { prompt_tokens: messages.length * 20, completion_tokens: 20, total_tokens: messages.length * 20 + 20, cost: PRICE_USD };
  const answer = { id: `gen-${randomUUID()}`, provider: 'Sandbox', model, created: Math.floor(router.clock.now() / 1000) };
  if (stream === true) return streamed(answer, said.match(/\S+\s*/g), usage);
  return { body: { ...answer, object: 'chat.completion', usage,
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: said } }] } };
}

const models = () => ({ body: { data: MODELS.map((id) => ({ id, name: id, context_length: 1000000, supported_parameters: ['tools'],
  architecture: { input_modalities: ['text'], output_modalities: ['text'] }, pricing: { prompt: '0', completion: '0' } })) } });

export default [
  ['POST', '/chat/completions', complete, { anyKey: true }],
  ['GET', '/models', models, { anyKey: true }],
];
