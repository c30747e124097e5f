// The lightbox. Without it every photo is a link to its picture.
"use strict";
(() => {
  const links = [...document.querySelectorAll(".grid a")];
  if (!links.length || !window.HTMLDialogElement) return;

  const make = (name, attributes = {}, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  };
  const button = (kind, label, sign) => make("button", { type: "button", class: kind, "aria-label": label }, sign);

  const stage = make("div", { class: "stage" });
  const words = make("div");
  const counter = make("span", { class: "info", role: "status" });
  const original = make("a", { class: "info" }, "Original");
  const last = make("p", { class: "last" }, counter, original);
  const close = button("close", "Close", "×");
  close.autofocus = true;
  const previous = button("previous", "Previous photo", "‹");
  const next = button("next", "Next photo", "›");
  const dialog = make("dialog", { "aria-label": "Photo viewer" }, make("figure", {}, stage, make("figcaption", {}, words, last)), close, previous, next);
  document.body.append(dialog);

  let current = -1;
  let pushed = false; // whether our entry is on top of the history

  const picture = (link) => {
    const image = make("img", { src: link.href, alt: link.querySelector("img").alt });
    if (!link.dataset.avif) return image;
    return make("picture", {}, make("source", { type: "image/avif", srcset: link.dataset.avif }), image);
  };

  const show = (index) => {
    current = index;
    const link = links[index];
    const { title, caption, info, full } = link.dataset;
    stage.classList.remove("zoomed");
    stage.replaceChildren(picture(link));
    counter.textContent = `${index + 1} of ${links.length}`;
    const lines = [];
    if (title) lines.push(make("p", {}, make("strong", {}, title)));
    if (caption && caption !== title) lines.push(make("p", {}, caption));
    if (info) lines.push(make("p", { class: "info" }, info));
    original.href = full;
    words.replaceChildren(...lines);
    previous.disabled = index === 0;
    next.disabled = index === links.length - 1;
    for (const near of [links[index + 1], links[index - 1]]) {
      if (near) new Image().src = near.dataset.avif || near.href;
    }
  };

  const open = (index, push) => {
    show(index);
    if (!dialog.open) dialog.showModal();
    const address = "#" + links[index].id;
    if (push) {
      history.pushState({ viewer: true }, "", address);
      pushed = true;
    } else {
      history.replaceState(history.state, "", address);
    }
  };

  const step = (by) => {
    const index = current + by;
    if (index < 0 || index >= links.length) return;
    const lost = document.activeElement === (by < 0 ? previous : next) && (index === 0 || index === links.length - 1);
    open(index, false);
    if (lost) close.focus(); // the button that had the focus is gone
  };

  // Back closes the viewer; closing it takes our entry off the history
  const dismiss = () => {
    if (pushed) history.back();
    else dialog.close();
  };
  dialog.addEventListener("close", () => {
    stage.replaceChildren();
    links[current].focus();
    if (pushed) history.back(); // the browser has closed it by itself
    else if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  });
  const byAddress = () => links.findIndex((link) => link.id === location.hash.slice(1));

  addEventListener("popstate", () => {
    const index = byAddress();
    pushed = Boolean(history.state && history.state.viewer);
    if (index >= 0 && pushed) open(index, false);
    else if (dialog.open) dialog.close();
  });
  links.forEach((link, index) =>
    link.addEventListener("click", (event) => {
      if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      open(index, true);
    }),
  );
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dismiss();
  });
  close.addEventListener("click", dismiss);
  previous.addEventListener("click", () => step(-1));
  next.addEventListener("click", () => step(1));
  addEventListener("keydown", (event) => {
    const keys = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1, Home: -current, End: links.length - 1 - current };
    if (!dialog.open || stage.classList.contains("zoomed") || !(event.key in keys)) return;
    event.preventDefault();
    step(keys[event.key]);
  });
  stage.addEventListener("click", (event) => {
    if (event.target.tagName === "IMG" && !swiped) stage.classList.toggle("zoomed");
  });

  // a swipe is one finger that moves mostly sideways
  let start = null;
  let swiped = false;
  stage.addEventListener("touchstart", (event) => {
    swiped = false;
    const zoomed = stage.classList.contains("zoomed") || (window.visualViewport && visualViewport.scale > 1.01);
    start = event.touches.length === 1 && !zoomed ? event.touches[0] : null;
  }, { passive: true });
  stage.addEventListener("touchend", (event) => {
    if (!start) return;
    const dx = event.changedTouches[0].clientX - start.clientX;
    const dy = event.changedTouches[0].clientY - start.clientY;
    swiped = Math.abs(dx) > 40 && Math.abs(dx) > 1.5 * Math.abs(dy);
    start = null;
    if (swiped) step(dx < 0 ? 1 : -1);
  }, { passive: true });

  if (byAddress() >= 0) open(byAddress(), false);
})();
