// Saves reloads; every page works without it.
"use strict";

// Text to the clipboard: the buttons stay hidden where there is no clipboard.
function offerCopies(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }
}

// A picture that does not load leaves the first letter of its product to be seen.
function dropBrokenPictures(root) {
  for (const picture of root.querySelectorAll(".thumb img")) {
    if (picture.complete && !picture.naturalWidth) picture.remove();
    else picture.addEventListener("error", () => picture.remove());
  }
}

// While a run is under way the live part of the page is fetched again and put in place of the old one.
async function renew() {
  const shown = document.querySelector("#live[data-live]");
  if (!shown) return;
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected) return location.reload();
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("#live");
        const busy = shown.contains(document.activeElement) && document.activeElement !== document.body;
        if (fresh && !busy) {
          shown.replaceWith(fresh);
          offerCopies(fresh);
          dropBrokenPictures(fresh);
        }
      }
    } catch {
      // The server is away for a moment: the next round asks again.
    }
  }
  setTimeout(renew, 2000);
}

offerCopies(document);
dropBrokenPictures(document);
setTimeout(renew, 2000);
