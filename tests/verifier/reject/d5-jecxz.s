# D5. 67 e3 tests ecx; only rcx is listed.
function f
bad:    .byte 0x67,0xe3,0x00
        ret
end f
