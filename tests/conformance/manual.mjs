// GraphQL documents in a Markdown text: blocks marked `graphql`, and what the curl commands send.

/** Every document with the line it begins in. */
export function documentsOf(markdown) {
  const found = [];
  for (const { language, line, text } of blocks(markdown)) {
    if (language === 'graphql') found.push({ line, text });
    else for (const document of sentBy(text)) found.push({ line, text: document });
  }
  return found;
}

function* blocks(markdown) {
  let block;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^\s*```\s*(\w*)/.exec(line);
    if (!fence) {
      block?.lines.push(line);
    } else if (block) {
      yield { language: block.language, line: block.line, text: block.lines.join('\n') };
      block = undefined;
    } else {
      block = { language: fence[1], line: index + 2, lines: [] };
    }
  }
}

/** The value of `"query"` in JSON, and of `query=` in a form: curl's `--data-urlencode` or an address. */
function* sentBy(text) {
  for (const [, json] of text.matchAll(/"query"\s*:\s*("(?:[^"\\]|\\.)*")/g)) yield JSON.parse(json.replaceAll('\n', ' '));
  for (const [, quoted] of text.matchAll(/--data-urlencode\s+'query=([^']*)'/g)) yield quoted;
  for (const [, encoded] of text.matchAll(/[?&]query=([^&'"\s]+)/g)) {
    yield decodeURIComponent(encoded.replaceAll('+', ' '));
  }
}
