# Twin of reject/m5-string-compare.s, without the fault.
function f
        nop
        ret
end f
