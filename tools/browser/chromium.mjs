// Prints the path of the unpacked Chromium. The package's own launch arguments are not used: they switch web security off.
import chromium from "@sparticuz/chromium";

console.log(await chromium.executablePath());
