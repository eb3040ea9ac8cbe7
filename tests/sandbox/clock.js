// The sandbox's clock: the machine's time plus the setting clock_offset, so that a test can skew it or travel past a
// 24 hour deadline. Everything that has a date asks here. `iso` is OVH's date format, `day` its dates without a time.

export class Clock {
  constructor(settings) {
    this.settings = settings;
  }

  now() {
    return Date.now() + this.settings.clock_offset * 1000;
  }
}

export const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00');
export const day = (ms) => new Date(ms).toISOString().slice(0, 10);

export function monthLater(ms) {
  const date = new Date(ms);
  const wanted = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + 1);
  if (date.getUTCDate() !== wanted) date.setUTCDate(0); // 31 January + 1 month is the last of February
  return date.getTime();
}
