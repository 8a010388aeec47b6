// Plays the server of a language model, as OpenAI's chat completions have it: what it answers hangs on words of the prompt. Runs in a Pod, so it imports nothing but Node's.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part) => {
    body += part;
  });
  request.on('end', () => answer(request, body, response));
});

function answer({ method, url }, body, response) {
  const { messages = [], model } = body === '' ? {} : JSON.parse(body);
  const prompt = messages.filter(({ role }) => role === 'user').map(({ content }) => textOf(content));
  const results = messages.filter(({ role }) => role === 'tool').map(({ content }) => textOf(content));
  console.log(JSON.stringify({ method, url, prompt, results }));
  if (url !== '/v1/chat/completions') return void response.writeHead(404).end();
  const text = prompt.join('\n');
  if (text.includes('REFUSE')) return void refuse(response);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const say = (delta, finish_reason = null) => {
    const chunk = { id: 'answer', object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta, finish_reason }] };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  // A model that does not come to an end.
  if (text.includes('WAIT')) return void say({ role: 'assistant', content: 'Let me think.' });
  const command = /RUN (.*)/.exec(text)?.[1];
  if (command !== undefined && results.length === 0) {
    const call = {
      index: 0,
      id: 'call-1',
      type: 'function',
      function: { name: 'bash', arguments: JSON.stringify({ command, description: 'as asked' }) },
    };
    say({ role: 'assistant', tool_calls: [call] });
    say({}, 'tool_calls');
  } else {
    say({ role: 'assistant', content: 'The answer ' });
    say({ content: 'is 42.' });
    say({}, 'stop');
  }
  response.end('data: [DONE]\n\n');
}

function refuse(response) {
  const error = { message: 'this key may not ask', type: 'invalid_request_error', code: 'invalid_api_key' };
  response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
}

function textOf(content) {
  return typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join('');
}

server.listen(Number(process.env.PORT ?? 8000), process.env.ADDRESS ?? '0.0.0.0', () => console.log('listening'));
