// Shows times in the clock of the citizen; without this script they read in UTC. The English is that of Europe.
const { lang } = document.documentElement;
const form = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, { dateStyle: "long", timeStyle: "short" });
for (const element of document.querySelectorAll("time[datetime]")) {
  const time = new Date(element.dateTime);
  if (!Number.isNaN(time.getTime())) {
    element.textContent = form.format(time);
  }
}
