// <pair-chart data-rows='[{"label","current","draft"}]' data-current="Now" data-draft="Draft">: two bars a row, side by
// side, what holds and what a draft would make of it. Drawn with what chart.ts has registered.

import { init, type ECharts } from "echarts/core";

interface Row {
  label: string;
  current: number;
  draft: number;
}

interface Hover {
  seriesName: string;
  value: number;
  name: string;
}

const REDUCED = window.matchMedia("(prefers-reduced-motion: reduce)");
const ROW = 44;
const FRAME = 72;
const LABEL = 22; // letters of a label; the whole of it is in the table beside

export class PairChart extends HTMLElement {
  #chart: ECharts | undefined;
  #resize = new ResizeObserver(() => this.#chart?.resize());
  #theme = (): void => this.#draw();

  connectedCallback(): void {
    this.style.height = `${FRAME + ROW * this.#rows().length}px`;
    this.#chart = init(this, null, { renderer: "canvas" });
    this.#resize.observe(this);
    document.addEventListener("verno:theme", this.#theme);
    this.#draw();
  }

  disconnectedCallback(): void {
    this.#resize.disconnect();
    document.removeEventListener("verno:theme", this.#theme);
    this.#chart?.dispose();
    this.#chart = undefined;
  }

  #rows(): Row[] {
    return JSON.parse(this.dataset["rows"] ?? "[]") as Row[];
  }

  #colour(name: string): string {
    return getComputedStyle(this).getPropertyValue(name).trim();
  }

  #draw(): void {
    if (!this.#chart) return;
    const rows = this.#rows();
    const locale = document.documentElement.lang || "en";
    const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
    const short = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
    const text = this.#colour("--chart-text");
    const rule = this.#colour("--chart-rule");
    const bars = (name: string, key: "current" | "draft", colour: string) => ({
      name,
      type: "bar" as const,
      data: rows.map((row) => row[key]),
      itemStyle: { color: colour, borderRadius: [0, 3, 3, 0] },
      barMaxWidth: 14,
    });
    this.#chart.setOption({
      animation: !REDUCED.matches,
      animationDuration: 300,
      textStyle: { fontFamily: getComputedStyle(this).fontFamily, color: text },
      aria: { enabled: true, label: { description: this.dataset["label"] ?? "" } },
      grid: { left: 4, right: 16, top: 32, bottom: 4, outerBoundsMode: "same" },
      legend: { top: 0, right: 0, icon: "roundRect", itemWidth: 12, itemHeight: 12, textStyle: { color: text } },
      tooltip: {
        trigger: "axis",
        renderMode: "richText", // drawn, not written as HTML: the page's policy stays strict
        backgroundColor: this.#colour("--chart-tip"),
        borderColor: rule,
        textStyle: { color: this.#colour("--chart-ink"), fontSize: 13 },
        axisPointer: { type: "shadow", shadowStyle: { color: rule, opacity: 0.35 } },
        formatter: (hovered: unknown) => {
          const list = hovered as Hover[];
          return [list[0]?.name ?? "", ...list.map((row) => `${row.seriesName}: ${whole.format(row.value)}`)].join("\n");
        },
      },
      xAxis: {
        type: "value",
        axisLabel: { color: text, hideOverlap: true, formatter: (value: number) => short.format(value) },
        splitNumber: 4,
        splitLine: { lineStyle: { color: rule } },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: rows.map((row) => row.label),
        axisLabel: {
          color: text,
          formatter: (label: string) => (label.length > LABEL ? `${label.slice(0, LABEL - 1)}…` : label),
        },
        axisLine: { lineStyle: { color: rule } },
        axisTick: { show: false },
      },
      series: [
        bars(this.dataset["current"] ?? "", "current", this.#colour("--chart-line")),
        bars(this.dataset["draft"] ?? "", "draft", this.#colour("--chart-bar")),
      ],
    });
  }
}
