let context: CanvasRenderingContext2D | null | undefined;

/** Width of a text in pixels; estimated where there is no canvas. */
export function measureText(text: string, font: string): number {
  if (context === undefined) {
    context = typeof document === 'undefined' ? null : document.createElement('canvas').getContext('2d');
  }
  if (!context) {
    return text.length * (parseFloat(font.replace(/^\D+/, '')) || 12) * 0.56;
  }
  context.font = `${font} system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif`;
  return Math.ceil(context.measureText(text).width * 1.04);
}
