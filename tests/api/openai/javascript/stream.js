import OpenAI from 'openai';

const client = new OpenAI();

const runner = client.chat.completions
  .stream({
    model: 'fake:echo',
    messages: [{ role: 'user', content: 'Say this is a test' }],
    stream_options: { include_usage: true },
  })
  .on('content', (diff) => process.stdout.write(diff));

const result = await runner.finalChatCompletion();
console.log(`\n${result.choices[0].finish_reason} ${result.usage.total_tokens}`);
