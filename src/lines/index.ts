export { EventLogger, type EventLevel, type TextLogger } from './event.logger.js';
export { isoTime } from './iso-time.js';
export { escapeInvisible, jsonString, logString } from './line.text.js';
export { LineWriter } from './line.writer.js';
export { LogLines } from './log.lines.js';
