// The page in the Shopify admin: starts syncs, follows them, copies addresses. Reading works without it.
"use strict";

const SOON_MS = 2000;
const WORDS = {
  expired: "The admin does not know this page any more. Close the app and open it again.",
  away: "The server does not answer. The page goes on asking.",
};

// App Bridge makes ID tokens. Where it could not be loaded, the one the page was opened with is good for a minute.
async function idToken() {
  const given = new URLSearchParams(location.search).get("id_token") || "";
  if (!window.shopify?.idToken) return given;
  const late = new Promise((resolve) => setTimeout(resolve, 5000, given));
  return Promise.race([window.shopify.idToken(), late]);
}

async function ask(path, accept, options = {}) {
  const headers = { Accept: accept, Authorization: `Bearer ${await idToken()}` };
  return fetch(path, { ...options, headers, redirect: "error" });
}

function say(text) {
  const place = document.querySelector("#trouble");
  if (!place) return;
  place.textContent = text;
  place.hidden = !text;
}

function allowSync(allowed) {
  for (const button of document.querySelectorAll("[data-sync]")) button.disabled = !allowed;
}

function offerCopies(root) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        button.textContent = "Copied";
      } catch {
        // Frames may not write to the clipboard everywhere; what is selected is copied by the keyboard.
        button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
      }
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }
}

function showProgress(run) {
  const bar = document.querySelector("#progress");
  const line = document.querySelector("#progress-line");
  if (!bar) return;
  if (run.productsExpected && run.state === "running") {
    bar.max = run.productsExpected;
    bar.value = run.productsRead;
  }
  if (line.textContent !== run.line) line.textContent = run.line;
}

// Puts the live part of a fresh page in place of the one that is shown.
async function renew() {
  const address = new URL(location.href);
  address.searchParams.delete("id_token");
  const answer = await ask(address, "text/html");
  if (!answer.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("#live");
  const shown = document.querySelector("#live");
  if (!fresh) return false;
  shown.replaceWith(fresh);
  offerCopies(fresh);
  allowSync(!fresh.hasAttribute("data-live"));
  return true;
}

let timer = 0;

function later() {
  clearTimeout(timer);
  timer = setTimeout(follow, SOON_MS);
}

async function follow() {
  const shown = document.querySelector("#live[data-live]");
  if (!shown) return;
  if (!document.hidden) {
    try {
      const answer = await ask("/app/status", "application/json");
      if (answer.status === 401) return stop(await refusalOf(answer));
      if (answer.ok) {
        const run = (await answer.json()).run;
        if (run && `${run.id} ${run.state}` === shown.dataset.shows) showProgress(run);
        else await renew();
        say("");
      }
    } catch {
      say(WORDS.away);
    }
  }
  later();
}

async function refusalOf(answer) {
  return answer.json().catch(() => ({}));
}

// A token that was refused twice, or a shop that does not let us in any more.
function stop(refusal) {
  clearTimeout(timer);
  allowSync(false);
  say(refusal.code === "UNAUTHENTICATED" ? WORDS.expired : refusal.error || WORDS.expired);
}

async function startSync() {
  allowSync(false);
  try {
    const answer = await ask("/app/sync", "application/json", { method: "POST" });
    if (answer.status === 401) return stop(await refusalOf(answer));
    if (!answer.ok) {
      say((await refusalOf(answer)).error || WORDS.away);
      return allowSync(true);
    }
    say("");
    await renew();
    later();
  } catch {
    say(WORDS.away);
    allowSync(true);
  }
}

for (const button of document.querySelectorAll("[data-sync]")) button.addEventListener("click", startSync);
offerCopies(document);
later();
