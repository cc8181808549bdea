import OpenAI from 'openai';

const client = new OpenAI();

async function getCurrentLocation() {
  return 'Boston';
}

async function getWeather({ location }) {
  return { location, temperature: '42' };
}

const script = {
  tool_calls: [{ name: 'getCurrentLocation' }],
  then: [
    { tool_calls: [{ name: 'getWeather', arguments: { location: 'Boston' } }] },
    { text: 'It is 42 degrees in Boston.' },
  ],
};

const runner = client.chat.completions
  .runTools({
    model: 'fake:echo',
    stream: process.argv[2] === 'stream',
    messages: [{ role: 'user', content: `#fake ${JSON.stringify(script)}\nHow is the weather?` }],
    tools: [
      {
        type: 'function',
        function: {
          function: getCurrentLocation,
          parameters: { type: 'object', properties: {} },
        },
      },
      {
        type: 'function',
        function: {
          function: getWeather,
          parse: JSON.parse,
          parameters: { type: 'object', properties: { location: { type: 'string' } } },
        },
      },
    ],
  })
  .on('functionToolCall', (call) => console.log(call.name, call.arguments))
  .on('functionToolCallResult', (result) => console.log(result));

console.log(await runner.finalContent());
