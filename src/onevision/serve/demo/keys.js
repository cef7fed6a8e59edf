() => {
  // Ctrl/Cmd+Enter asks from anywhere, Escape stops.
  document.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      document.querySelector("#ov-ask").click();
    } else if (event.key === "Escape") document.querySelector("#ov-stop").click();
  });
  document.addEventListener("click", event => {
    if (event.target.closest("#ov-dark")) {
      document.body.classList.toggle("dark");
      document.body.style.background = "var(--body-background-fill)"; // Gradio has written the first theme's colour here
    }
    // On a phone the answer is below the fold.
    if (event.target.closest("#ov-ask") && innerWidth < 768) document.querySelector("#ov-result").scrollIntoView({ behavior: "smooth" });
  });
}
