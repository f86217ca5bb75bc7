/** How wide text is on a terminal, and how to make it fit. Text from the network passes `plain` before anything else. */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Characters that terminals draw over two columns: East Asian wide and full-width ones, and emoji. */
const wide =
  /^(?:[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}|.\uFE0F)/u;

/** Columns of one line. An approximation where terminals themselves disagree (rare emoji sequences). */
export const widthOf = (text: string): number => {
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += wide.test(segment) ? 2 : 1;
  return columns;
};

/** `text` in at most `columns` columns; what was cut shows as `…`. */
export const fit = (text: string, columns: number): string => {
  if (columns <= 0) return '';
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let room = columns - 1;
  for (const { segment } of graphemes.segment(text)) {
    room -= wide.test(segment) ? 2 : 1;
    if (room < 0) break;
    kept += segment;
  }
  return `${kept}…`;
};

/** `text` filled with spaces to exactly `columns`, cut where it is longer. */
export const pad = (text: string, columns: number, align: 'left' | 'right' = 'left'): string => {
  const shown = fit(text, columns);
  const fill = ' '.repeat(Math.max(0, columns - widthOf(shown)));
  return align === 'left' ? shown + fill : fill + shown;
};

/**
 * One line without anything that moves a cursor, recolours a terminal, or turns the direction of what follows: control
 * characters, line breaks, bidirectional marks, and characters that take no room at all.
 */
export const plain = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    // oxlint-disable-next-line no-control-regex -- control characters are what must go
    .replace(/[\u0000-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/g, '')
    .trim();

/** Words broken into lines of at most `columns`; a word that is longer is cut. */
export const wrap = (text: string, columns: number): string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= columns || line === '') {
      line = longer;
    } else {
      lines.push(fit(line, columns));
      line = word;
    }
  }
  return line === '' ? lines : [...lines, fit(line, columns)];
};
