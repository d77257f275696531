# Twin of reject/m5-translate.s, without the fault.
function f
        nop
        ret
end f
