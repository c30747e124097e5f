// Lays "after" over "before" and lets the edge between them be moved. Without this script they stand side by side.
for (const pair of document.querySelectorAll(".pair")) {
  const slider = document.createElement("input");
  slider.type = "range";
  slider.setAttribute("aria-label", "Edge between before and after, in percent");
  const show = () => pair.style.setProperty("--edge", `${slider.value}%`);
  slider.addEventListener("input", show);
  show();
  pair.classList.add("slides");
  pair.append(slider);
}
