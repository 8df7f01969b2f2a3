// <month-chart data-months='[{"label","receipts","points",…}]'>: receipts as bars, points as a line.
// <pair-chart>: see pair.ts. Data come as attributes, words and number formats from the server, so that the chart speaks the page's language.

import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { PairChart } from "./pair";

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, AriaComponent, CanvasRenderer]);

interface Month {
  label: string;
  receipts: number;
  points: number;
}

interface Hover {
  seriesName: string;
  value: number;
  name: string;
  dataIndex: number;
}

const REDUCED = window.matchMedia("(prefers-reduced-motion: reduce)");

class MonthChart extends HTMLElement {
  static readonly observedAttributes = ["data-months"];
  #chart: ECharts | undefined;
  #resize = new ResizeObserver(() => this.#chart?.resize());
  #theme = (): void => this.#draw();

  connectedCallback(): void {
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

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    if (before !== after) this.#draw();
  }

  #colour(name: string): string {
    return getComputedStyle(this).getPropertyValue(name).trim();
  }

  #draw(): void {
    if (!this.#chart) return;
    const months = JSON.parse(this.dataset["months"] ?? "[]") as Month[];
    const words = { receipts: this.dataset["receipts"] ?? "", points: this.dataset["points"] ?? "" };
    const locale = document.documentElement.lang || "en";
    const scale = 10 ** Number(this.dataset["scale"] ?? "0");
    const whole = new Intl.NumberFormat(locale);
    const short = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
    const text = this.#colour("--chart-text");
    const rule = this.#colour("--chart-rule");
    const axis = {
      type: "value" as const,
      axisLabel: { color: text, formatter: (value: number) => short.format(value) },
      splitNumber: 4,
      minInterval: 1,
    };
    this.#chart.setOption({
      animation: !REDUCED.matches,
      animationDuration: 300,
      textStyle: { fontFamily: getComputedStyle(this).fontFamily, color: text },
      aria: { enabled: true, label: { description: this.dataset["label"] ?? "" } },
      grid: { left: 4, right: 4, top: 36, bottom: 4, outerBoundsMode: "same" },
      legend: { top: 0, right: 0, icon: "roundRect", itemWidth: 12, itemHeight: 12, textStyle: { color: text } },
      tooltip: {
        trigger: "axis",
        renderMode: "richText", // drawn, not written as HTML: the page's policy stays strict
        backgroundColor: this.#colour("--chart-tip"),
        borderColor: rule,
        textStyle: { color: this.#colour("--chart-ink"), fontSize: 13 },
        axisPointer: { type: "shadow", shadowStyle: { color: rule, opacity: 0.35 } },
        formatter: (rows: unknown) => {
          const list = rows as Hover[];
          const head = list[0] ? list[0].name.replace("\n", " ") : "";
          return [head, ...list.map((row) => `${row.seriesName}: ${whole.format(row.value)}`)].join("\n");
        },
      },
      xAxis: {
        type: "category",
        data: months.map((month) => month.label.replace(" ", "\n")),
        axisLabel: { color: text, hideOverlap: true, lineHeight: 15 },
        axisLine: { lineStyle: { color: rule } },
        axisTick: { show: false },
      },
      yAxis: [
        { ...axis, splitLine: { lineStyle: { color: rule } } },
        { ...axis, splitLine: { show: false } },
      ],
      series: [
        {
          name: words.receipts,
          type: "bar",
          data: months.map((month) => month.receipts),
          itemStyle: { color: this.#colour("--chart-bar"), borderRadius: [3, 3, 0, 0] },
          barMaxWidth: 32,
        },
        {
          name: words.points,
          type: "line",
          yAxisIndex: 1,
          data: months.map((month) => month.points / scale),
          itemStyle: { color: this.#colour("--chart-line") },
          lineStyle: { color: this.#colour("--chart-line"), width: 2 },
          symbol: "circle",
          symbolSize: 7,
        },
      ],
    });
  }
}

customElements.define("month-chart", MonthChart);
customElements.define("pair-chart", PairChart);
