// Says how to reach us when the chat has not come up after some seconds: its script was not fetched, or is too new for this
// browser. A classic script in the words of 2015, so that it runs where the modules do not.
(function () {
  var root = document.documentElement;
  var tries = 0;
  function look() {
    var late = document.getElementById("late");
    var ready = root.hasAttribute("data-ready");
    if (late && (ready || tries >= 6)) late.hidden = ready;
    tries += 1;
    if (!ready) setTimeout(look, 1000);
  }
  look();
})();
