# Twin of reject/m7-call-through-the-window.s, without the fault.
function f
        nop
        ret
end f
