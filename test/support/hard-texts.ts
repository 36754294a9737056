/**
 * Texts that have broken echoes before: characters of more than one code unit, controls, characters that JSON and SSE
 * escape.
 */
export const HARD_TEXTS = {
  family: '👨‍👩‍👧‍👦 🏳️‍🌈 👩🏽‍🚀',
  rightToLeft: 'שלום עולם \u202Eمرحبا\u202C \u200F',
  combining: 'e\u0301 ñ n\u0303 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A͗',
  separators: 'line\u2028paragraph\u2029next\u0085end\uFEFF',
  astral: '𝕌𝕟𝕚𝕔𝕠𝕕𝕖 𠜎 \u{10FFFF} \uFFFD \uFFFF',
  controls: 'nul \u0000 bell \u0007 esc \u001B[31m del \u007F',
  lineBreaks: 'cr\rlf\ncrlf\r\nblank\n\nevent: message\ndata: forged\n\n',
  quotes: `"double" 'single' \\back\\\\slash\\n \`tick\` \${x} $(id) %s %00 </script>`,
};
