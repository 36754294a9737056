export { type EventLevel, EventLogger, type TextLogger } from './event.logger.js';
export { escapeInvisible, isoTime, jsonString, logString } from './line.text.js';
export { LineWriter } from './line.writer.js';
export { LogLines } from './log.lines.js';
