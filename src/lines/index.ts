export { LineWriter } from './line.writer.js';
export {
  escapeInvisible,
  type EventLevel,
  EventLogger,
  isoTime,
  jsonString,
  LogLines,
  logString,
  type TextLogger,
} from './log.lines.js';
