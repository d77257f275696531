# Twin of reject/m7-jump-through-the-window.s, without the fault.
function f
        ret
end f
