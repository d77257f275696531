# Twin of reject/d1-lock-on-a-register.s, without the fault.
function f
        .byte 0x01,0xc8
        ret
end f
