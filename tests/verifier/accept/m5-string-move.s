# Twin of reject/m5-string-move.s, without the fault.
function f
        nop
        ret
end f
