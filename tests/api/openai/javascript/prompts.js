import OpenAI from 'openai';

const client = new OpenAI();

const completion = await client.chat.completions.create({
  model: 'prompt:support@production',
  messages: [{ role: 'user', content: 'hello there' }],
  variables: { tone: 'kind' },
});
console.log(completion.model);
console.log(completion.choices[0].message.content);
