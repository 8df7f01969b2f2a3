// <month-chart data-months='[{"label","receipts","points",…}]'>: receipts as bars, points as a line.
// <pair-chart>: see pair.ts. Data come as attributes, words and number formats from the server, so that the chart speaks the page's language.

import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { Drawn } from "./drawn";
import { PairChart } from "./pair";

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, AriaComponent, CanvasRenderer]);

interface Month {
  label: string;
  receipts: number;
  points: number;
}

class MonthChart extends Drawn {
  static readonly observedAttributes = ["data-months"];

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    if (before !== after) this.draw();
  }

  protected options(): object {
    const months = JSON.parse(this.dataset["months"] ?? "[]") as Month[];
    const words = { receipts: this.dataset["receipts"] ?? "", points: this.dataset["points"] ?? "" };
    const scale = 10 ** Number(this.dataset["scale"] ?? "0");
    const short = this.short();
    const text = this.colour("--chart-text");
    const rule = this.colour("--chart-rule");
    const axis = {
      type: "value" as const,
      axisLabel: { color: text, formatter: (value: number) => short.format(value) },
      splitNumber: 4,
      minInterval: 1,
    };
    return {
      grid: { left: 4, right: 4, top: 36, bottom: 4, outerBoundsMode: "same" },
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
          itemStyle: { color: this.colour("--chart-bar"), borderRadius: [3, 3, 0, 0] },
          barMaxWidth: 32,
        },
        {
          name: words.points,
          type: "line",
          yAxisIndex: 1,
          data: months.map((month) => month.points / scale),
          itemStyle: { color: this.colour("--chart-line") },
          lineStyle: { color: this.colour("--chart-line"), width: 2 },
          symbol: "circle",
          symbolSize: 7,
        },
      ],
    };
  }
}

customElements.define("month-chart", MonthChart);
customElements.define("pair-chart", PairChart);
