// What our charts share: drawn when they come, sized with their box, drawn anew in another theme.

import { init, type ECharts } from "echarts/core";

const REDUCED = window.matchMedia("(prefers-reduced-motion: reduce)");

export interface Hover {
  seriesName: string;
  value: number;
  name: string;
}

export abstract class Drawn extends HTMLElement {
  #chart: ECharts | undefined;
  #resize = new ResizeObserver(() => this.#chart?.resize());
  #theme = (): void => this.draw();

  protected abstract options(): object;

  connectedCallback(): void {
    this.#chart = init(this, null, { renderer: "canvas" });
    this.#resize.observe(this);
    document.addEventListener("verno:theme", this.#theme);
    this.draw();
  }

  disconnectedCallback(): void {
    this.#resize.disconnect();
    document.removeEventListener("verno:theme", this.#theme);
    this.#chart?.dispose();
    this.#chart = undefined;
  }

  protected draw(): void {
    this.#chart?.setOption({ ...this.#frame(), ...this.options() });
  }

  protected colour(name: string): string {
    return getComputedStyle(this).getPropertyValue(name).trim();
  }

  protected numbers(options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
    return new Intl.NumberFormat(document.documentElement.lang || "en", options);
  }

  protected short(): Intl.NumberFormat {
    return this.numbers({ notation: "compact", maximumFractionDigits: 1 });
  }

  #frame(): object {
    const text = this.colour("--chart-text");
    const rule = this.colour("--chart-rule");
    const whole = this.numbers({ maximumFractionDigits: 2 });
    return {
      animation: !REDUCED.matches,
      animationDuration: 300,
      textStyle: { fontFamily: getComputedStyle(this).fontFamily, color: text },
      aria: { enabled: true, label: { description: this.dataset["label"] ?? "" } },
      legend: { top: 0, right: 0, icon: "roundRect", itemWidth: 12, itemHeight: 12, textStyle: { color: text } },
      tooltip: {
        trigger: "axis",
        renderMode: "richText", // drawn, not written as HTML: the page's policy stays strict
        backgroundColor: this.colour("--chart-tip"),
        borderColor: rule,
        textStyle: { color: this.colour("--chart-ink"), fontSize: 13 },
        axisPointer: { type: "shadow", shadowStyle: { color: rule, opacity: 0.35 } },
        formatter: (hovered: unknown) => {
          const list = hovered as Hover[];
          const head = list[0]?.name.replace("\n", " ") ?? "";
          return [head, ...list.map((row) => `${row.seriesName}: ${whole.format(row.value)}`)].join("\n");
        },
      },
    };
  }
}
