export { escapeInvisible, jsonString } from './line.text.js';
export { LineWriter } from './line.writer.js';
export { LogLines } from './log.lines.js';
