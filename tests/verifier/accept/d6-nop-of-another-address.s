# Twin of reject/d6-nop-of-another-address.s, without the fault.
function f
        .byte 0x0f,0x1f,0x40,0x00
        ret
end f
