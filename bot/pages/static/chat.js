// The chat page. Plain script for old phones too: no optional chaining, no look-behind, no build step.
// What people write goes into the page as text nodes only.
(function () {
  "use strict";
  var page = document.body, base = page.dataset.base, code = page.dataset.code, desk = page.classList.contains("desk");
  var words = JSON.parse(document.getElementById("words").textContent);
  var byId = function (id) { return document.getElementById(id); };
  var log = byId("log"), scroller = byId("scroll"), text = byId("text"), banner = byId("banner"), panel = byId("panel");
  var newer = byId("newer"), attach = byId("attach"), form = byId("compose");
  var MAX_FILE = 20 * 1024 * 1024, FIRST_PAGE = 60;

  // Drafts and the own side of the talk stay in this tab; only what is not sent yet outlives it.
  function keep(store, key, value) {
    try { if (value === null) { store.removeItem(key); } else { store.setItem(key, JSON.stringify(value)); } } catch (e) { /* private mode */ }
  }
  function kept(store, key, otherwise) {
    try { var raw = store.getItem(key); return raw === null ? otherwise : JSON.parse(raw); } catch (e) { return otherwise; }
  }
  var tab, disk;
  try { tab = window.sessionStorage; disk = window.localStorage; } catch (e) { tab = disk = { getItem: function () { return null; }, setItem: function () {}, removeItem: function () {} }; }
  var DRAFT = "draft:" + base, OWN = "own:" + base, OPENED = "opened:" + base, OUTBOX = "outbox:" + base;

  function el(tag, className, content) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (content) { node.textContent = content; }
    return node;
  }
  function button(label, className, act) {
    var node = el("button", className, label);
    node.type = "button";
    node.addEventListener("click", act);
    return node;
  }
  function newId() {
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return (b + 256).toString(16).slice(1); }).join("");
  }
  function clock(at) {
    var date = new Date(at), today = new Date().toDateString() === date.toDateString();
    var format = today ? { hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
    try { return date.toLocaleString(page.dataset.language, format); } catch (e) { return ""; }
  }

  // Links, the phone numbers that people are told to call, and case numbers, which a line must not break.
  function withLinks(value) {
    var out = document.createDocumentFragment(), at = 0, match;
    var urgent = /拨|撥|电话|電話|call|dial|phone/i.test(value) ? "|110|119|120" : "";
    var pattern = new RegExp("https?://[^\\s<>\"'\\u3000-\\u303f\\uff00-\\uffef]+|(^|[^\\w-])(0\\d{2,3}-\\d{7,8}|12345|12388|12368|12355" + urgent + ")(?![\\w-])|[A-Z]{2,6}-\\d{6}-[0-9A-Z]{3,6}", "g");
    while ((match = pattern.exec(value))) {
      var start = match.index + (match[1] ? match[1].length : 0), what = match[2] || match[0].replace(/[.,;:!?)\]]+$/, "");
      var number = !match[2] && !/^http/.test(what), link = el(number ? "span" : "a", number ? "number" : "", what);
      if (number) { /* only kept whole */ } else if (match[2]) { link.href = "tel:" + what; } else { link.href = what; link.target = "_blank"; link.rel = "noopener noreferrer"; }
      out.appendChild(document.createTextNode(value.slice(at, start)));
      out.appendChild(link);
      at = start + what.length;
    }
    out.appendChild(document.createTextNode(value.slice(at)));
    return out;
  }

  // --- showing -----------------------------------------------------------------------------------------------
  var shown = {}, last = 0, first = 0, places = [], atEnd = true;
  function nearEnd() { return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 120; }
  function toEnd() { atEnd = true; scroller.scrollTop = scroller.scrollHeight; newer.hidden = true; }
  function place(node, position) {
    var at = places.length;
    while (at > 0 && places[at - 1].position > position) { at -= 1; }
    log.insertBefore(node, at < places.length ? places[at].node : null);
    places.splice(at, 0, { node: node, position: position });
  }
  function bubble(mine, value) {
    var node = el("div", mine ? "message mine" : "message"), inner = el("div", "bubble");
    inner.appendChild(el("span", "sr", (mine ? words.me : words.bot) + ": "));
    if (value) { inner.appendChild(withLinks(value)); }
    node.appendChild(inner);
    return node;
  }
  function fileView(file) {
    var link, node;
    if (file.kind === "photo") {
      link = el("a"); node = el("img"); node.alt = words.photo; node.loading = "lazy"; node.src = file.url;
      link.setAttribute("aria-label", words.open_photo);
      link.appendChild(node);
    } else if (file.kind === "voice") {
      node = el("audio"); node.controls = true; node.preload = "none"; node.src = file.url; node.setAttribute("aria-label", words.voice);
      return node;
    } else { link = el("a", "", words.file); }
    link.href = file.url; link.target = "_blank"; link.rel = "noopener";
    return link;
  }
  function show(message, isNew) {
    if (shown[message.seq]) { return; }
    shown[message.seq] = true;
    var node = bubble(false, message.text), inner = node.firstChild, meta = el("div", "meta");
    if (message.files && message.files.length) {
      var files = el("div", "files");
      message.files.forEach(function (file) { files.appendChild(fileView(file)); });
      inner.appendChild(files);
    }
    if (message.buttons.length) {
      var choices = el("div", "choices");
      message.buttons.forEach(function (choice) {
        choices.appendChild(button(choice.label, "", function (event) {
          // A citizen chooses one answer; a member works on with a card's other buttons.
          var pressed = event.currentTarget, spent = desk ? [pressed] : Array.prototype.slice.call(choices.children);
          spent.forEach(function (other) { other.disabled = true; });
          pressed.classList.add("pressed");
          say({ button: choice.data }, choice.label, null, null, function (sent) {
            if (sent && !desk) { return; }
            spent.forEach(function (other) { other.disabled = false; });
          });
          scroller.focus({ preventScroll: true });
        }));
      });
      node.appendChild(choices);
    }
    meta.setAttribute("aria-live", "off");
    meta.appendChild(el("span", "", clock(message.at)));
    if (desk) { meta.appendChild(button(words.reply, "reply", function () { replyTo(message); })); }
    node.appendChild(meta);
    if (isNew) { node.classList.add("new"); }
    if (message.seq > last) {
      Array.prototype.forEach.call(log.querySelectorAll(".message:not(.past)"), function (other) {
        if (message.buttons.length && !other.classList.contains("mine")) { other.classList.add("past"); }
      });
      last = message.seq;
    } else { node.classList.add("past"); }
    if (!first || message.seq < first) { first = message.seq; }
    place(node, message.seq);
  }
  function showAll(messages, isNew) {
    var follow = nearEnd();
    messages.forEach(function (message) { show(message, isNew); });
    if (!messages.length) { return; }
    if (follow) { toEnd(); } else if (isNew) { newer.hidden = false; }
    if (isNew && document.hidden) { document.title = words.unread + title; }
    showEarlier();
  }
  var title = document.title, earlier = null;
  function showEarlier() {
    if (earlier) { earlier.remove(); earlier = null; }
    if (first <= 1) { return; }
    earlier = button(words.earlier, "quiet earlier", function () {
      var before = first, height = scroller.scrollHeight;
      ask("GET", "/messages?after=" + Math.max(0, before - 1 - FIRST_PAGE)).then(function (answer) {
        if (!answer.body) { return; }
        answer.body.messages.forEach(function (message) { if (message.seq < before) { show(message, false); } });
        showEarlier();
        scroller.scrollTop += scroller.scrollHeight - height;
      });
    });
    log.insertBefore(earlier, log.firstChild);
  }
  function showOwn(item, state) {
    var node = bubble(true, item.shown), meta = el("div", "meta");
    if (item.preview) {
      var image = el("img"); image.alt = words.photo; image.src = item.preview;
      node.firstChild.appendChild(image);
    }
    item.meta = meta;
    meta.setAttribute("aria-live", "off");
    node.appendChild(meta);
    place(node, item.after + 0.5);
    mark(item, state);
  }
  function mark(item, state) {
    item.meta.textContent = state === "" ? clock(item.at) : state === "sent" ? clock(item.at) + " · " + words.sent : words[state] || state;
  }
  function tell(message, label, act) {
    var follow = nearEnd();
    if (banner.textContent !== (message || "") || act) {
      banner.textContent = message || "";
      if (act) { banner.appendChild(button(label, "", act)); }
    }
    banner.hidden = !message;
    if (follow) { toEnd(); }
  }

  // --- talking to the server ------------------------------------------------------------------------------------
  function ask(method, path, body, seconds) {
    var options = { method: method, credentials: "same-origin", headers: { Accept: "application/json" }, cache: "no-store" };
    var timer = null;
    if (window.AbortController) {
      var stop = new AbortController();
      options.signal = stop.signal;
      timer = setTimeout(function () { stop.abort(); }, (seconds || 30) * 1000);
    }
    if (body instanceof FormData) { options.body = body; } else if (body) {
      options.body = JSON.stringify(body);
      options.headers["Content-Type"] = "application/json";
    }
    return fetch(base + path, options).then(function (response) {
      return response.json().catch(function () { return null; }).then(function (json) {
        clearTimeout(timer);
        return { status: response.status, body: response.ok ? json : null, error: json && json.error, wait: Number(response.headers.get("Retry-After")) || 0 };
      });
    }, function () { clearTimeout(timer); return { status: 0, body: null, error: null, wait: 0 }; });
  }

  // The server's sentence asks to send it again, which this page does by itself: who reads that would say it twice.
  function trouble(answer) {
    return answer.status === 0 ? words.offline : answer.status === 429 ? words.slow : answer.status >= 500 ? words.away : answer.error || words.away;
  }
  var queue = [], busy = false, ready = false, tries = 0, retry = null, ended = false;
  function saveQueue() {
    keep(disk, OUTBOX, queue.filter(function (item) { return !item.file; }).map(function (item) {
      return { id: item.id, payload: item.payload, shown: item.shown, after: item.after, at: item.at };
    }));
  }
  function say(payload, label, file, preview, done) {
    var item = { id: newId(), payload: payload, shown: label, after: last, at: Date.now(), file: file, preview: preview, done: done };
    queue.push(item);
    saveQueue();
    showOwn(item, "sending");
    toEnd();
    flush();
  }
  function remember(item) {
    var own = kept(tab, OWN, []);
    own.push({ shown: item.shown || (item.file ? words.file : ""), after: item.after, at: item.at });
    keep(tab, OWN, own.slice(-100));
  }
  function flush() {
    if (busy || !ready || !queue.length) { return; }
    busy = true;
    clearTimeout(retry);
    var item = queue[0], body;
    mark(item, "sending");
    if (item.file) {
      body = new FormData();
      body.append("id", item.id);
      if (item.payload.text) { body.append("text", item.payload.text); }
      body.append("file", item.file, item.file.name);
    } else { body = Object.assign({ id: item.id }, item.payload); }
    ask("POST", "/messages", body, item.file ? 180 : 30).then(function (answer) {
      busy = false;
      if (answer.body) {
        tries = 0;
        tell("");
        queue.shift();
        saveQueue();
        mark(item, "sent");
        if (item.done) { item.done(true); }
        remember(item);
        showAll(answer.body.messages, true);
        flush();
      } else if (answer.status === 401) {
        mark(item, "waiting");
        expired();
      } else if ((answer.status === 0 || answer.status === 429 || answer.status >= 500) && !(item.file && tries >= 8)) {
        mark(item, "waiting");
        tell(trouble(answer));
        tries += 1;
        retry = setTimeout(flush, Math.max(answer.wait, Math.min(30, Math.pow(2, tries))) * 1000);
      } else {
        // Refused for good, or a file that can't be read any more: it must not hold up what comes after it.
        tries = 0;
        queue.shift();
        saveQueue();
        mark(item, words.failed + (answer.error ? " · " + answer.error : ""));
        if (item.done) { item.done(false); }
        flush();
      }
    });
  }
  function expired() {
    ready = false;
    quiet();
    if (desk) { tell(words.expired); return; }
    tell(words.expired, words.restart, function () {
      places.forEach(function (entry) { entry.node.remove(); });
      places = []; shown = {}; last = first = 0;
      keep(tab, OWN, null);
      showEarlier();
      queue.forEach(function (item) { item.after = 0; showOwn(item, "waiting"); });
      open();
    });
  }
  function open() {
    ask("POST", "", { code: code }).then(function (answer) {
      if (answer.body) {
        keep(tab, OPENED, code);
        tell("");
        var fresh = !places.length;
        showAll(answer.body.messages, true);
        if (fresh) { atEnd = false; scroller.scrollTop = 0; }
        begin();
      } else if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) { tell(answer.error); } else {
        tell(trouble(answer));
        setTimeout(open, Math.max(answer.wait, 4) * 1000);
      }
    });
  }
  function begin() { ready = true; tries = 0; flush(); listen(); }
  function start() {
    ask("GET", "/messages?after=-" + FIRST_PAGE).then(function (answer) {
      if (answer.body) {
        kept(tab, OWN, []).forEach(function (item) { showOwn(item, ""); });
        showAll(answer.body.messages, false);
        toEnd();
        tell("");
        if (!desk && code && kept(tab, OPENED, "") !== code) { open(); } else { begin(); }
      } else if (answer.status === 401) {
        keep(tab, OWN, null);
        if (desk) { expired(); } else { open(); }
      } else {
        tell(trouble(answer));
        setTimeout(start, Math.max(answer.wait, 4) * 1000);
      }
    });
  }

  // --- hearing what arrives ---------------------------------------------------------------------------------------
  var source = null, poll = null;
  function quiet() { clearTimeout(poll); if (source) { source.close(); source = null; } }
  function listen() {
    quiet();
    if (ended || !ready) { return; }
    // A browser allows few connections to one host: a tab nobody looks at gives its own back and asks now and then.
    if (!window.EventSource || document.hidden) { poll = setTimeout(catchUp, document.hidden ? 20000 : 5000); return; }
    source = new EventSource(base + "/stream?after=" + last);
    source.onopen = function () { if (!queue.length) { tell(""); } };
    source.onmessage = function (event) { showAll([JSON.parse(event.data)], true); };
    source.onerror = function () {
      if (source && source.readyState === 2) { quiet(); poll = setTimeout(catchUp, 5000); } else if (navigator.onLine === false) { tell(words.offline); }
    };
  }
  function catchUp() {
    quiet();
    if (ended || !ready) { return; }
    ask("GET", "/messages?after=" + last).then(function (answer) {
      if (answer.status === 401) { expired(); return; }
      if (answer.body) {
        if (!queue.length) { tell(""); }
        showAll(answer.body.messages, true);
        if (answer.body.more) { catchUp(); return; }
      } else { tell(trouble(answer)); }
      listen();
    });
  }
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) { document.title = title; }
    catchUp();
  });
  window.addEventListener("online", function () { flush(); catchUp(); });
  window.addEventListener("pagehide", quiet);
  window.addEventListener("pageshow", function (event) { if (event.persisted) { catchUp(); } });

  // --- the composer ---------------------------------------------------------------------------------------------------
  var chosen = null, reply = null;
  function grow() { text.style.height = "auto"; text.style.height = Math.min(text.scrollHeight + 3, window.innerHeight * 0.34) + "px"; }
  function closePanel() { panel.hidden = true; panel.className = "panel"; panel.textContent = ""; chosen = reply = null; }
  function openPanel(message, buttons) {
    var follow = nearEnd();
    closePanel();
    panel.appendChild(el("p", "", message));
    buttons.forEach(function (node) { panel.appendChild(node); });
    panel.hidden = false;
    if (follow) { toEnd(); }
  }
  function confirmFirst(message, act) {
    var yes = button(words.confirm, "button yes", function () { closePanel(); act(); });
    openPanel(message, [button(words.cancel, "button", closePanel), yes]);
    panel.className = "panel asking";
    yes.focus();
  }
  function replyTo(message) {
    openPanel(words.replying + ": " + message.text.slice(0, 40), [button(words.cancel, "button", closePanel)]);
    reply = message.seq;
    text.focus();
  }
  function submit() {
    var value = text.value, payload = {};
    if (!value.trim() && !chosen) { text.focus(); return; }
    if (value.trim()) { payload.text = value; }
    if (reply !== null) { payload.reply_to = reply; }
    if (chosen) {
      var photo = /^image\//.test(chosen.type);
      say(payload, value.trim() ? value : photo ? "" : chosen.name, chosen, photo ? URL.createObjectURL(chosen) : null);
    } else { say(payload, value); }
    closePanel();
    text.value = "";
    keep(tab, DRAFT, null);
    grow();
    text.focus();
  }
  form.addEventListener("submit", function (event) { event.preventDefault(); submit(); });
  text.addEventListener("keydown", function (event) {
    // 229 is what a composing keyboard reports: that Enter chooses a word.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) { event.preventDefault(); submit(); }
  });
  text.addEventListener("input", function () { keep(tab, DRAFT, text.value || null); grow(); });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    if (attach.open) { attach.open = false; attach.firstElementChild.focus(); } else if (!panel.hidden) { closePanel(); text.focus(); }
  });
  document.addEventListener("click", function (event) { if (attach.open && !attach.contains(event.target)) { attach.open = false; } });
  Array.prototype.forEach.call(attach.querySelectorAll("input"), function (input) {
    input.addEventListener("change", function () {
      var file = input.files[0];
      attach.open = false;
      input.value = "";
      if (!file) { return; }
      if (file.size > MAX_FILE) { openPanel(words.too_large, [button(words.confirm, "button", closePanel)]); return; }
      openPanel(words.attached + ": " + file.name, [button(words.remove, "button", function () { closePanel(); text.focus(); })]);
      chosen = file;
      if (/^image\//.test(file.type)) {
        var image = el("img"); image.alt = ""; image.src = URL.createObjectURL(file);
        panel.insertBefore(image, panel.firstChild);
      }
      text.focus();
    });
  });
  byId("locate").addEventListener("click", function () {
    attach.open = false;
    confirmFirst(words.ask_location, function () {
      var failed = function () { openPanel(words.no_location, [button(words.confirm, "button", function () { closePanel(); text.focus(); })]); };
      if (!navigator.geolocation) { failed(); return; }
      openPanel(words.locating, []);
      navigator.geolocation.getCurrentPosition(function (position) {
        closePanel();
        say({ location: { lat: position.coords.latitude, lon: position.coords.longitude } }, words.location);
      }, failed, { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 });
    });
  });
  byId("quick").addEventListener("click", function (event) {
    var value = event.target.dataset.say;
    if (value) { say({ text: value }, value); }
  });
  byId("leave").addEventListener("click", function () {
    confirmFirst(words.ask_leave, function () {
      ask("POST", "/leave", {}).then(function (answer) {
        if (!answer.body) { tell(answer.error || words.offline); return; }
        ended = true;
        ready = false;
        quiet();
        [OWN, DRAFT, OPENED].forEach(function (key) { keep(tab, key, null); });
        keep(disk, OUTBOX, null);
        log.textContent = "";
        form.hidden = true;
        byId("leave").hidden = true;
        tell(words.left);
      });
    });
  });
  window.addEventListener("beforeunload", function (event) {
    if (queue.some(function (item) { return item.file; })) { event.preventDefault(); event.returnValue = ""; }
  });
  newer.textContent = words.newer;
  newer.addEventListener("click", toEnd);
  scroller.addEventListener("scroll", function () { atEnd = nearEnd(); if (atEnd) { newer.hidden = true; } });
  // Photos that load, a panel that opens, a keyboard that comes up: whoever was at the end stays there.
  function settle() { if (atEnd) { toEnd(); } }
  window.addEventListener("resize", settle);
  log.addEventListener("load", settle, true);
  if (window.ResizeObserver) { new ResizeObserver(settle).observe(scroller); }

  text.value = kept(tab, DRAFT, "");
  grow();
  kept(disk, OUTBOX, []).forEach(function (item) { queue.push(item); showOwn(item, "waiting"); });
  start();
})();
