// mdbook-twin: what a page gains by JavaScript. Without it everything can be read, and commands copied by hand.
// Elements are found relatively: the print page joins all chapters and renames ids.
(function () {
    "use strict";

    // The commands alone: no prompts, no output, and nothing of what the shell itself put before further lines.
    function commands(terminal) {
        const typed = terminal.querySelectorAll(".twin-typed");
        return Array.from(typed, function (command) {
            const copy = command.cloneNode(true);
            copy.querySelectorAll(".twin-prompt").forEach(function (prompt) { prompt.remove(); });
            return copy.textContent;
        }).join("\n");
    }

    function fileText(file) {
        const lines = file.querySelectorAll(".twin-line:not(.twin-removed) > .twin-text");
        return Array.from(lines, function (line) { return line.textContent; }).join("\n") + "\n";
    }

    function addCopyButton(box, label, text) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "twin-copy";
        button.textContent = "copy";
        button.title = label;
        button.setAttribute("aria-label", label);
        button.addEventListener("click", function () {
            navigator.clipboard.writeText(text(box)).then(
                function () { said(button, "copied"); },
                function () { said(button, "not copied"); },
            );
        });
        box.querySelector(".twin-bar").append(button);
    }

    // The button's name stays its label, so who does not see it is told by a status of its own.
    const status = document.createElement("span");
    status.className = "twin-status";
    status.setAttribute("role", "status");
    document.body.append(status);

    function said(button, word) {
        button.textContent = status.textContent = word;
        setTimeout(function () {
            button.textContent = "copy";
            status.textContent = "";
        }, 1500);
    }

    document.querySelectorAll(".twin-terminal").forEach(function (terminal) {
        if (navigator.clipboard && terminal.querySelector(".twin-typed")) {
            addCopyButton(terminal, "Copy the commands", commands);
        }
    });
    document.querySelectorAll(".twin-file").forEach(function (file) {
        if (navigator.clipboard) {
            addCopyButton(file, "Copy the text", fileText);
        }
    });

    // Paper can't be unfolded.
    window.addEventListener("beforeprint", function () {
        document.querySelectorAll("details[class^='twin-']:not([open])").forEach(function (fold) {
            fold.open = true;
            fold.dataset.twinPrinted = "";
        });
    });
    window.addEventListener("afterprint", function () {
        document.querySelectorAll("[data-twin-printed]").forEach(function (fold) {
            fold.open = false;
            delete fold.dataset.twinPrinted;
        });
    });
})();
