# Twin of reject/d5-movsxd-without-rex.s, without the fault.
function f
        .byte 0x48,0x63,0xc8
        ret
end f
