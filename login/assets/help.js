// Opens the part of the help page that a link points to.
const open = () => {
  const part = location.hash && document.getElementById(location.hash.slice(1));
  if (part) {
    part.open = true;
    part.querySelector("summary").focus();
  }
};
addEventListener("hashchange", open);
open();
