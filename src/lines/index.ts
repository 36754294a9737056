export { escapeInvisible, jsonString } from './line.text.js';
