/** A name for a saved picture: what it shows and the day it was saved. */
export function pictureName(name: string, kind: string): string {
  return `${name}-${new Date().toISOString().slice(0, 10)}.${kind}`;
}

/** Has the browser save what an address holds. */
export function download(name: string, address: string): void {
  const link = Object.assign(document.createElement("a"), { download: name, href: address });
  link.click();
  if (address.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
