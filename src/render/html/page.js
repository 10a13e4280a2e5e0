"use strict";
(function () {
  document.documentElement.classList.add("scripted");
  var form = document.querySelector("form.filter");
  if (!form) return;
  var search = form.querySelector("input[type=search]");
  var boxes = Array.prototype.slice.call(form.querySelectorAll("input[type=checkbox]"));
  var status = form.querySelector("[role=status]");
  var objects = Array.prototype.slice.call(document.querySelectorAll("[data-sort]"));
  var texts = objects.map(function (object) { return object.textContent.toLowerCase(); });
  var sections = Array.prototype.slice.call(document.querySelectorAll("section.group"));
  function filter() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var sorts = {};
    boxes.forEach(function (box) { sorts[box.value] = box.checked; });
    var shown = 0;
    objects.forEach(function (object, at) {
      var fits = sorts[object.dataset.sort] !== false && words.every(function (word) { return texts[at].indexOf(word) >= 0; });
      object.hidden = !fits;
      if (fits) shown += 1;
    });
    sections.forEach(function (section) { section.hidden = !section.querySelector("[data-sort]:not([hidden])"); });
    status.textContent = shown + " of " + objects.length + " shown";
  }
  function fold(open) {
    objects.forEach(function (object) {
      var details = object.querySelector("details");
      if (details && !object.hidden) details.open = open;
    });
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.querySelectorAll("[data-fold]").forEach(function (button) {
    button.addEventListener("click", function () { fold(button.dataset.fold === "open"); });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && document.activeElement !== search && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    }
  });
  filter();
})();
