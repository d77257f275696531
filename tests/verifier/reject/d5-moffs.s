# D5. movabs with a 64-bit address, which has no ModRM.
function f
bad:    movabsl 0x1122334455667788, %eax
        ret
end f
