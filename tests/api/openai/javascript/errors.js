import OpenAI from 'openai';

const messages = [{ role: 'user', content: 'Say this is a test' }];

async function report(client, body) {
  try {
    await client.chat.completions.create({ messages, ...body });
  } catch (err) {
    if (err instanceof OpenAI.APIError) {
      console.log(err.constructor.name, err.status, err.type);
    } else {
      throw err;
    }
  }
}

const client = new OpenAI({ maxRetries: 0 });
await report(client, { model: 'fake:nothing' });
await report(client, { model: 'fake:echo', temperature: 9 });
await report(client, { model: 'fake:failing' });
await report(new OpenAI({ apiKey: 'atn_wrong', maxRetries: 0 }), { model: 'fake:echo' });

const stream = await client.chat.completions.create({ model: 'fake:failing', messages, stream: true });
try {
  for await (const _ of stream);
} catch (err) {
  console.log(err instanceof OpenAI.APIError, 'within the stream');
}
