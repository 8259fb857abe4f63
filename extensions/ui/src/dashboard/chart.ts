import { type EChartsCoreOption } from 'echarts/core';
import { h } from './dom';
import { formatCell, formatDate, formatNumber, isTemporal, label, readable } from './i18n';
import { nameOf } from './names';
import { type Kind } from './types';
import { type Series, type Wide } from './wide';

/** Distinguishable with the common colour vision deficiencies, on light and on dark ground. */
const PALETTE = {
  light: ['#2f6fd0', '#e0912f', '#1b9e77', '#c2477f', '#7b62c9', '#5b8fa8', '#a6761d', '#66717f'],
  dark: ['#7fb0ff', '#f4b860', '#5fd0a5', '#f08bb8', '#b3a0f2', '#8fc3da', '#d9b36c', '#aab4c0']
};

/** States and categories carry their meaning in their hue; the shades tell states of one category apart. */
const CATEGORY: Record<'light' | 'dark', Record<string, string[]>> = {
  light: {
    todo: ['#8d99ab', '#c3cbd6', '#65718a', '#a99fc0', '#dde2ea', '#4e5768'],
    in_progress: ['#2f6fd0', '#e0912f', '#7aa7ec', '#b5651d', '#1b4e9b', '#f0be7f'],
    done: ['#1b9e77', '#6cc9a8', '#0f6f52', '#a5dfc9', '#6b9e3f', '#3f7f8c']
  },
  dark: {
    todo: ['#8e9bb0', '#c6cfdb', '#69778e', '#b0a4cc', '#dfe5ed', '#56617a'],
    in_progress: ['#7fb0ff', '#f4b860', '#4f86dd', '#d99a3f', '#b3d0ff', '#ffdca6'],
    done: ['#5fd0a5', '#2f9d77', '#9be6c9', '#1f7a5c', '#a3cf73', '#6fb3c2']
  }
};

/** One colour a series: by category where the series is one or says its own, else by the palette. */
export function seriesColors(wide: Wide, dark: boolean): string[] {
  const theme = dark ? 'dark' : 'light';
  const counts = new Map<string, number>();
  return wide.series.map((series, index) => {
    const category = series.category ?? series.name;
    const shades = CATEGORY[theme][category];
    if (!shades) {
      return PALETTE[theme][index % PALETTE[theme].length] ?? '#888';
    }
    const nth = counts.get(category) ?? 0;
    counts.set(category, nth + 1);
    return shades[nth % shades.length] ?? '#888';
  });
}

export interface ChartLook {
  kind: Kind;
  stack: boolean;
  dark: boolean;
  /** Of the drawing, in pixels. */
  width: number;
  timeZone: string;
  title: string;
  /** A list of real families: the drawing measures its texts with it. */
  font: string;
}

export function seriesName(series: Series): string {
  return nameOf(series.split, series.name) ?? label(series.column?.label, readable(series.name));
}

function axisLabel(wide: Wide, look: ChartLook): (value: string | number) => string {
  return value => {
    const text = typeof value === 'number' ? new Date(value).toISOString().slice(0, 10) : value;
    return isTemporal(wide.x) ? formatDate(text.slice(0, 10), look.timeZone, 'short') : text;
  };
}

/** The drawing of a report; pure, so that it can be tested without a browser. */
export function chartOption(wide: Wide, look: ChartLook): EChartsCoreOption {
  const text = look.dark ? '#e6ebf3' : '#17212f';
  const muted = look.dark ? '#a3b0c4' : '#55637a';
  const line = look.dark ? '#33404f' : '#d8dee8';
  const onTime = isTemporal(wide.x) && look.kind !== 'bar';
  const colors = seriesColors(wide, look.dark);
  const many = wide.series.length > 1;
  const title = axisLabel(wide, look);
  const xAxis = {
    type: onTime ? 'time' : 'category',
    ...(onTime ? {} : { data: wide.categories.map(value => nameOf(wide.x, value) ?? formatIfText(value)) }),
    axisLabel: {
      color: muted,
      fontSize: 12,
      ...fitting(wide, look, onTime),
      formatter: axisLabel(wide, look)
    },
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    splitLine: { show: false }
  };
  return {
    useUTC: true,
    animation: false,
    aria: { enabled: true, label: { description: describe(wide, look) } },
    textStyle: { fontFamily: look.font, color: text },
    grid: { left: 8, right: 16, top: many ? 40 : 16, bottom: 4, containLabel: true },
    ...(many
      ? {
          legend: {
            type: 'scroll',
            top: 0,
            left: 0,
            icon: 'roundRect',
            itemWidth: 14,
            textStyle: { color: text }
          }
        }
      : {}),
    tooltip: {
      trigger: 'axis',
      confine: true,
      axisPointer: { type: look.kind === 'bar' ? 'shadow' : 'line' },
      backgroundColor: look.dark ? '#232c39' : '#ffffff',
      borderColor: line,
      textStyle: { color: text },
      formatter: (points: TooltipPoint[]) => tooltip(points, title)
    },
    xAxis,
    yAxis: {
      type: 'value',
      minInterval: 1,
      splitNumber: look.width < 420 ? 3 : 5,
      axisLabel: { color: muted, formatter: (value: number) => formatNumber(value) },
      splitLine: { lineStyle: { color: line } }
    },
    series: wide.series.map((series, index) => ({
      name: seriesName(series),
      color: colors[index],
      type: look.kind === 'bar' ? 'bar' : 'line',
      ...(look.stack ? { stack: 'all' } : {}),
      ...(look.kind === 'area' ? { areaStyle: { opacity: 0.75 }, lineStyle: { width: 1 } } : {}),
      symbol: 'none',
      barMaxWidth: 44,
      emphasis: { focus: 'series' },
      data: onTime ? series.values.map((value, i) => [wide.categories[i], value]) : series.values
    }))
  };
}

interface TooltipPoint {
  axisValue: string | number;
  seriesName: string;
  color: string;
  value: number | null | [unknown, number | null];
}

/** The numbers at the pointer, without the series that have none there. */
function tooltip(points: TooltipPoint[], title: (value: string | number) => string): HTMLElement {
  const rows = points.flatMap(point => {
    const value = Array.isArray(point.value) ? point.value[1] : point.value;
    if (!value) {
      return [];
    }
    const mark = h('span', { 'aria-hidden': 'true' }, '● ');
    mark.style.color = point.color;
    const row = h('div', {}, mark, `${point.seriesName}: `, h('b', {}, formatNumber(value)));
    return [row];
  });
  return h('div', {}, h('b', {}, title(points[0]?.axisValue ?? '')), ...rows);
}

/** Few categories all keep their name, on several lines if need be; many show every second, third… one. */
function fitting(wide: Wide, look: ChartLook, onTime: boolean): Record<string, unknown> {
  const each = (look.width - 70) / Math.max(1, wide.categories.length);
  if (onTime || isTemporal(wide.x) || each < 48) {
    return { hideOverlap: true };
  }
  return { interval: 0, width: Math.floor(each - 6), overflow: 'break', lineHeight: 15 };
}

function formatIfText(value: unknown): string {
  return value == null ? '—' : String(value);
}

/** The sentence a screen reader hears in place of the picture; the table twin holds the numbers. */
function describe(wide: Wide, look: ChartLook): string {
  const ends = [wide.categories[0], wide.categories.at(-1)].map(value =>
    formatCell(value, wide.x, look.timeZone)
  );
  return `${look.title}: ${wide.series.map(seriesName).join(', ')}; ${ends.join(' – ')}`;
}
