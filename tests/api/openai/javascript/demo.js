import OpenAI from 'openai';

// The key and the base URL come from OPENAI_API_KEY and OPENAI_BASE_URL.
const client = new OpenAI();

// Non-streaming:
const completion = await client.chat.completions.create({
  model: 'fake:echo',
  messages: [
    { role: 'developer', content: 'Talk like a pirate.' },
    { role: 'user', content: 'Say this is a test' },
  ],
});
console.log(completion.choices[0]?.message?.content);

// Streaming:
const stream = await client.chat.completions.create({
  model: 'fake:echo',
  messages: [
    { role: 'developer', content: 'Talk like a pirate.' },
    { role: 'user', content: 'Say this is a test' },
  ],
  stream: true,
});
for await (const part of stream) {
  process.stdout.write(part.choices[0]?.delta?.content || '');
}
process.stdout.write('\n');
