# Twin of reject/m5-string-load.s, without the fault.
function f
        nop
        ret
end f
