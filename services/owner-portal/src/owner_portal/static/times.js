// "3 min ago" beside each moment, in the words of the server's pages.
const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60]];

function ago(moment) {
  const seconds = (Date.now() - moment) / 1000;
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit} ago`;
  }
  return "just now";
}

export function refreshTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const moment = time.dateTime ? new Date(time.dateTime) : null;
    time.textContent = moment ? ago(moment) : "never";
    time.title = moment ? moment.toLocaleString() : "";
  }
}
