// The page in the Shopify admin: starts syncs, follows them, has changes written and taken back, copies addresses.
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
  // Has something done that only this script may ask for, and opens the page that shows what came of it.
async function have(button) {
  const field = document.getElementById(button.dataset.field || "");
  if (field && !field.reportValidity()) return;
  button.disabled = true;
  try {
    const body = new URLSearchParams(field ? { [field.name]: field.value } : {});
    const answer = await ask(button.dataset.post, "application/json", { method: "POST", body });
    const told = await toldBy(answer);
    if (answer.ok) {
      const page = new URL(told.page, location.href);
      page.searchParams.set("id_token", await idToken());
      return location.assign(page);
    }
    if (answer.status === 401) return stop(told);
    say(told.error || WORDS.away);
  } catch {
    say(WORDS.away);
  }
  button.disabled = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-post]");
  if (button) have(button);
});
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
      if (answer.status === 401) return stop(await toldBy(answer));
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

// What a script is told in JSON, a refusal or not.
async function toldBy(answer) {
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
    if (answer.status === 401) return stop(await toldBy(answer));
    if (!answer.ok) {
      say((await toldBy(answer)).error || WORDS.away);
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

// Has something done that only this script may ask for, and opens the page that shows what came of it.
async function have(button) {
  const field = document.getElementById(button.dataset.field || "");
  if (field && !field.reportValidity()) return;
  button.disabled = true;
  try {
    const body = new URLSearchParams(field ? { [field.name]: field.value } : {});
    const answer = await ask(button.dataset.post, "application/json", { method: "POST", body });
    const told = await toldBy(answer);
    if (answer.ok) {
      const page = new URL(told.page, location.href);
      page.searchParams.set("id_token", await idToken());
      return location.assign(page);
    }
    if (answer.status === 401) return stop(told);
    say(told.error || WORDS.away);
  } catch {
    say(WORDS.away);
  }
  button.disabled = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-post]");
  if (button) have(button);
});
for (const button of document.querySelectorAll("[data-sync]")) button.addEventListener("click", startSync);
offerCopies(document);
later();
