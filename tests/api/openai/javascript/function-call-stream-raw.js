import OpenAI from 'openai';

const client = new OpenAI();

const tools = [
  {
    type: 'function',
    function: {
      name: 'list',
      description: 'list queries books by genre, and returns a list of names of books',
      parameters: {
        type: 'object',
        properties: { genre: { type: 'string', enum: ['mystery', 'nonfiction'] } },
      },
    },
  },
  {
    type: 'function',
    function: {
      name: 'get',
      description: "get returns a book's detailed information based on the id of the book",
      parameters: { type: 'object', properties: { id: { type: 'string' } } },
    },
  },
];

const books = [{ id: 'a1', name: 'To Kill a Mockingbird', genre: 'mystery' }];

function callTool({ name, arguments: text }) {
  const args = JSON.parse(text);
  switch (name) {
    case 'list':
      return books.filter((book) => book.genre === args.genre).map(({ id, name }) => ({ id, name }));
    case 'get':
      return books.find((book) => book.id === args.id);
    default:
      throw new Error('No function found');
  }
}

function messageReducer(previous, item) {
  const reduce = (acc, delta) => {
    acc = { ...acc };
    for (const [key, value] of Object.entries(delta)) {
      if (acc[key] === undefined || acc[key] === null) {
        acc[key] = value;
        if (Array.isArray(acc[key])) {
          for (const arr of acc[key]) delete arr.index;
        }
      } else if (typeof acc[key] === 'string' && typeof value === 'string') {
        acc[key] += value;
      } else if (Array.isArray(acc[key]) && Array.isArray(value)) {
        for (const { index, ...chunk } of value) {
          if (index - acc[key].length > 1) throw new Error('Missing elements of the array');
          acc[key][index] = reduce(acc[key][index] ?? {}, chunk);
        }
      } else if (typeof acc[key] === 'object' && typeof value === 'object') {
        acc[key] = reduce(acc[key], value);
      }
    }
    return acc;
  };
  const choice = item.choices[0];
  return choice ? reduce(previous, choice.delta) : previous;
}

const script = {
  tool_calls: [{ name: 'list', arguments: { genre: 'mystery' } }],
  then: [
    { tool_calls: [{ name: 'get', arguments: { id: 'a1' } }] },
    { text: 'It is the only mystery.' },
  ],
};
const messages = [
  { role: 'system', content: 'Please use our book database, which you can access using functions.' },
  { role: 'user', content: `#fake ${JSON.stringify(script)}\nWhich mystery should I read?` },
];

while (true) {
  const stream = await client.chat.completions.create({
    model: 'fake:echo',
    messages,
    tools,
    stream: true,
  });
  let message = {};
  for await (const chunk of stream) {
    message = messageReducer(message, chunk);
  }
  messages.push(message);

  // Without tool calls, this is the answer.
  if (!message.tool_calls) {
    console.log(message.content);
    break;
  }
  for (const toolCall of message.tool_calls) {
    const result = callTool(toolCall.function);
    console.log(`${toolCall.function.name} ${JSON.stringify(result)}`);
    messages.push({
      tool_call_id: toolCall.id,
      role: 'tool',
      content: JSON.stringify(result),
    });
  }
}
