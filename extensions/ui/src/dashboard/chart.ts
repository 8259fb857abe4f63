import { type EChartsCoreOption } from 'echarts/core';
import { formatCell, formatDate, formatNumber, isTemporal, label, readable } from './i18n';
import { type Kind } from './types';
import { type Series, type Wide } from './wide';

/** Distinguishable with the common colour vision deficiencies, on light and on dark ground. */
const PALETTE = {
  light: ['#2f6fd0', '#e0912f', '#1b9e77', '#c2477f', '#7b62c9', '#5b8fa8', '#a6761d', '#66717f'],
  dark: ['#7fb0ff', '#f4b860', '#5fd0a5', '#f08bb8', '#b3a0f2', '#8fc3da', '#d9b36c', '#aab4c0']
};

export interface ChartLook {
  kind: Kind;
  stack: boolean;
  dark: boolean;
  narrow: boolean;
  timeZone: string;
  title: string;
}

export function seriesName(series: Series): string {
  return label(series.column?.label, readable(series.name));
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
  const many = wide.series.length > 1;
  const xAxis = {
    type: onTime ? 'time' : 'category',
    ...(onTime ? {} : { data: wide.categories.map(value => formatIfText(value)) }),
    axisLabel: { color: muted, hideOverlap: true, formatter: axisLabel(wide, look) },
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    splitLine: { show: false }
  };
  return {
    useUTC: true,
    animation: false,
    aria: { enabled: true, label: { description: describe(wide, look) } },
    color: look.dark ? PALETTE.dark : PALETTE.light,
    textStyle: { fontFamily: 'inherit', color: text },
    grid: { left: 8, right: 16, top: many ? 40 : 16, bottom: 4, containLabel: true },
    ...(many
      ? { legend: { type: 'scroll', top: 0, left: 0, icon: 'roundRect', textStyle: { color: text } } }
      : {}),
    tooltip: {
      trigger: 'axis',
      confine: true,
      axisPointer: { type: look.kind === 'bar' ? 'shadow' : 'line' },
      backgroundColor: look.dark ? '#232c39' : '#ffffff',
      borderColor: line,
      textStyle: { color: text },
      valueFormatter: (value: unknown) => (typeof value === 'number' ? formatNumber(value) : '—')
    },
    xAxis,
    yAxis: {
      type: 'value',
      minInterval: 1,
      splitNumber: look.narrow ? 3 : 5,
      axisLabel: { color: muted, formatter: (value: number) => formatNumber(value) },
      splitLine: { lineStyle: { color: line } }
    },
    series: wide.series.map(series => ({
      name: seriesName(series),
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
