# Twin of reject/m5-string-store.s, without the fault.
function f
        nop
        ret
end f
