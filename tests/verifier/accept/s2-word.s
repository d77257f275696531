# Twin of reject/s2-word.s, without the fault.
function f
        movw %bp, %ax
        ret
end f
