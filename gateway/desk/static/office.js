// The navigation of the pages beside the inbox is longer than most screens: the page that is open stands in sight.
document.querySelector(".office-top [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
