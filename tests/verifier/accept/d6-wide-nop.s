# Twin of reject/d6-wide-nop.s, without the fault.
function f
        .byte 0x90
        ret
end f
